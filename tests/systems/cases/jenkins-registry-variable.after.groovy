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
            }
        }
        stage('Deploy Image') {
            steps {
                script {
                    docker.withRegistry( registry, registryCredential ) {
                        sh 'docker buildx inspect armready >/dev/null 2>&1 || docker buildx create --name armready --driver docker-container'
                        sh "docker buildx build --builder armready --platform linux/amd64,linux/arm64 --provenance=false --push -t ghcr.io/o/godot:${params.V} -t ghcr.io/o/godot:latest --build-arg V=${params.V} ."
                    }
                }
            }
        }
    }
}
