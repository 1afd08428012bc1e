pipeline {
  agent any
  environment { IMG = 'reg.example.com/team/app' }
  stages {
    stage('Test') {
      steps { sh 'make test' }
    }
    stage('Push') {
      steps {
        sh 'docker buildx inspect armready >/dev/null 2>&1 || docker buildx create --name armready --driver docker-container'
        sh """
          docker login -u \$U -p \$P reg.example.com
          docker buildx build --builder armready --platform linux/amd64,linux/arm64 --provenance=false --push -t \$IMG:\$BUILD_NUMBER .
        """
      }
    }
  }
}
