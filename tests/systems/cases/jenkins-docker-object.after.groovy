pipeline {
  agent any
  stages {
    stage('Test') {
      steps { sh 'make test' }
    }
    stage('Push') {
      steps {
        script {
          docker.withRegistry('https://reg.example.com', 'cred') {
            sh 'docker buildx inspect armready >/dev/null 2>&1 || docker buildx create --name armready --driver docker-container'
            sh "docker buildx build --builder armready --platform linux/amd64,linux/arm64 --provenance=false --push -t reg.example.com/team/app:${env.BUILD_NUMBER} -t reg.example.com/team/app:latest -f docker/Dockerfile ."
          }
        }
      }
    }
  }
}
