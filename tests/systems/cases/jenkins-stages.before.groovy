pipeline {
  agent any
  environment { IMG = 'reg.example.com/team/app' }
  stages {
    stage('Build') {
      steps {
        sh 'docker build -t $IMG:$BUILD_NUMBER .'
      }
    }
    stage('Test') {
      steps { sh 'make test' }
    }
    stage('Push') {
      steps {
        sh """
          docker login -u \$U -p \$P reg.example.com
          docker push \$IMG:\$BUILD_NUMBER
        """
      }
    }
  }
}
