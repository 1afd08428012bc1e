pipeline {
    agent { label 'docker' }
    stages {
        stage('Image') {
            steps {
                sh 'docker buildx inspect armready >/dev/null 2>&1 || docker buildx create --name armready --driver docker-container'
                sh '''
                    docker buildx build --builder armready --platform linux/amd64,linux/arm64 --provenance=false --push \
                        --build-arg VERSION="$VERSION" \
                        -t "example/app:$VERSION" \
                        .
                '''
                echo "done: ${env.VERSION}"
            }
        }
    }
}
