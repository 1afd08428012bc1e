pipeline {
  agent any
  stages {
    stage('Build') {
      steps {
        script {
          app = docker.build("team/app:${env.BUILD_NUMBER}", "-f docker/Dockerfile .")
        }
      }
    }
    stage('Test') {
      steps { sh 'make test' }
    }
    stage('Push') {
      steps {
        script {
          docker.withRegistry('https://reg.example.com', 'cred') {
            app.push()
            app.push('latest')
          }
        }
      }
    }
  }
}
