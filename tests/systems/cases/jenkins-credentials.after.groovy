node {
  stage('Push') {
    withDockerRegistry([credentialsId: 'hub', url: '']) {
      sh 'docker buildx inspect armready >/dev/null 2>&1 || docker buildx create --name armready --driver docker-container'
      sh 'docker buildx build --builder armready --platform linux/amd64,linux/arm64 --provenance=false --push -t example/app:1 .'
    }
  }
}
