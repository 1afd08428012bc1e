node {
  sh label: 'image', script: '«docker build -t example/app .» && docker push example/app'
}
