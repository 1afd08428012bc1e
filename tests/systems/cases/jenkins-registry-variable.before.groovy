pipeline {
    agent any
    environment {
        registry = "https://ghcr.io"
        registryCredential = "tok"
    }
    stages {
        stage('Build Image') {
            steps {
                echo "Building Godot ${params.V}"
                script {
                    godotImage = docker.build("o/godot:${params.V}", "--build-arg V=${params.V} .")
                }
            }
        }
        stage('Deploy Image') {
            steps {
                script {
                    docker.withRegistry( registry, registryCredential ) {
                        godotImage.push()
                        godotImage.push("latest")
                    }
                }
            }
        }
    }
}
