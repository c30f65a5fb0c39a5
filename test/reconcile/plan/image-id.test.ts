import { expect, test } from 'vitest'
import { imageId } from '../../../src/reconcile/plan/images.ts'
import { host } from './world.ts'

test.each([
  ['nginx', 'nginx:latest'],
  ['docker.io/library/nginx', 'nginx:latest'],
  ['nginx@sha256:12', 'nginx@sha256:12'],
  ['nginx:1@sha256:12', 'nginx@sha256:12'],
  ['docker.io/library/nginx:1@sha256:12', 'nginx@sha256:12'],
  ['reg:5000/a/b:1@sha256:12', 'reg:5000/a/b@sha256:12'],
])('%s is what Docker lists as %s', (reference, listed) => {
  expect(imageId(host({ images: new Map([[listed, 'sha256:ab']]) }), reference)).toBe('sha256:ab')
})

test('another digest of the same name is another image', () => {
  const images = new Map([
    ['reg:5000/a@sha256:12', 'sha256:ab'],
    ['reg:5000/a:1', 'sha256:ab'],
  ])
  expect(imageId(host({ images }), 'reg:5000/a:1@sha256:34')).toBeUndefined()
})
