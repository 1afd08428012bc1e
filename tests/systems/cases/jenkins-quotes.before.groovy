pipeline {
    agent { label 'docker' }
    stages {
        stage('Image') {
            steps {
                sh '''
                    docker build \
                        --build-arg VERSION="$VERSION" \
                        -t "example/app:$VERSION" \
                        .
                    docker push "example/app:$VERSION"
                '''
                echo "done: ${env.VERSION}"
            }
        }
    }
}
