node {
  // sh 'docker build -t a/b . && docker push a/b'
  /* docker.build('a/b').push() */
  echo 'docker push a/b'
}
