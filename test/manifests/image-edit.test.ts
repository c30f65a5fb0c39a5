import { expect, test } from 'vitest'
import { withOtherImages } from '../../src/manifests/image-edit.ts'

const other = (image: string) => (image.startsWith('app:') ? 'r.example.com/app:2@sha256:1' : undefined)
const by = '"r.example.com/app:2@sha256:1"'

test.each([
  ['plain', 'containers: [{ image: app:1 }]', `containers: [{ image: ${by} }]`],
  [
    'quoted',
    `initContainers:\n- name: a # one\n  image: 'app:1' # two\n`,
    `initContainers:\n- name: a # one\n  image: ${by} # two\n`,
  ],
  [
    'JSON',
    '{"spec":{"containers":[{"image":"app:1","name":"a"}]}}',
    `{"spec":{"containers":[{"image":${by},"name":"a"}]}}`,
  ],
  [
    'several documents',
    'containers:\n- { image: app:1 }\n---\ncontainers:\n- { image: web:1 }\n- { image: app:3 }\n',
    `containers:\n- { image: ${by} }\n---\ncontainers:\n- { image: web:1 }\n- { image: ${by} }\n`,
  ],
  ['an anchor', 'x: &i app:1\ncontainers:\n- image: *i\n', `x: &i app:1\ncontainers:\n- image: ${by}\n`],
  [
    'with an anchor',
    'containers:\n- image: &i app:1\n- image: *i\n',
    `containers:\n- image: &i ${by}\n- image: ${by}\n`,
  ],
  ['folded', 'containers:\n- image: >-\n    app:1\n  name: a\n', `containers:\n- image: ${by}\n  name: a\n`],
  ['long lines', 'é: "ü"\ncontainers: [{ image: app:1 }]', `é: "ü"\ncontainers: [{ image: ${by} }]`],
])('%s', (_title, text, expected) => {
  expect(withOtherImages(text, other)).toBe(expected)
})

test.each([
  'data: { image: app:1 }',
  'containers: { image: app:1 }',
  'containers: [{ image: 7 }]',
  'containers: [app:1]',
  '',
  '%',
])('%j has none', (text) => {
  expect(withOtherImages(text, other)).toBeUndefined()
})
