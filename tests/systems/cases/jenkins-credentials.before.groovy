node {
  stage('Build') {
    sh 'docker build -t example/app:1 .'
  }
  stage('Push') {
    withDockerRegistry([credentialsId: 'hub', url: '']) {
      sh 'docker push example/app:1'
    }
  }
}
