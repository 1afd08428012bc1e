node('docker') {
  stage('Build') {
    sh "docker build -t example/app:${env.BUILD_NUMBER} ."
    sh "docker tag example/app:${env.BUILD_NUMBER} example/app:latest"
    sh "docker push example/app:${env.BUILD_NUMBER}"
    sh "docker push example/app:latest"
  }
}
