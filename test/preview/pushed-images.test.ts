import { expect, test } from 'vitest'
import { isPushed } from '../../src/preview/pushed-images.ts'

test.each([
  ['r.example.com/acme/shop:1', 'r.example.com/acme/shop:1', true],
  ['r.example.com/acme/shop:1', 'r.example.com/acme/shop:2', false],
  ['r.example.com/acme/shop:1', 'r.example.com/acme/shop', true],
  ['r.example.com/acme/shop', 'r.example.com/acme/shop:latest', true],
  ['r.example.com/acme/shop', 'r.example.com/acme/shop:1', false],
  // By another name of the registry, or behind a proxy.
  ['r.example.com/acme/shop:1', 'registry:5000/acme/shop:1', true],
  ['r.example.com/cache/acme/shop:1', 'acme/shop:1', true],
  ['r.example.com/shop:1', 'r.example.com/acme/shop:1', true],
  ['r.example.com/acme/shop:1', 'r.example.com/acme/myshop:1', false],
  ['r.example.com/acme/shop:1', 'r.example.com/other/shop:1', false],
  ['ghcr.io/acme/shop:1', 'ghcr.io/Acme/Shop:1', true],
  ['nginx:1', 'docker.io/library/nginx:1', true],
  ['acme/shop:1', 'docker.io/acme/shop:1', true],
  ['acme/shop:1@sha256:1', 'acme/shop@sha256:1', true],
  ['acme/shop:1@sha256:1', 'acme/shop:1', true],
  ['acme/shop:1', 'acme/shop@sha256:1', false],
  ['acme/shop:1', '', false],
])('%s, pushed as %s: %s', (image, pushed, expected) => {
  expect(isPushed(image, pushed)).toBe(expected)
})
