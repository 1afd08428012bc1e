pipeline {
  agent none
  stages { stage('i') { parallel {
    stage('build amd64') {
      agent { label 'amd64' }
      steps { sh 'docker build -t a/b:1 . && docker push a/b:1' }
    }
    stage('build arm64') {
      agent { label 'arm64' }
      steps { sh 'docker build -t a/b:1 . && docker push a/b:1' }
    }
  } } }
}
