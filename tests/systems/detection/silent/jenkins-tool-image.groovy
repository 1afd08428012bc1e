pipeline {
  agent { dockerfile true }
  stages { stage('t') { steps { sh 'make' } } }
}
