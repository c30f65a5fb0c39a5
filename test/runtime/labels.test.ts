import { expect, test } from 'vitest'
import { parseContainerMark, writeContainerLabels } from '../../src/runtime/labels.ts'

const mark = {
  ...{ engine: 'e', app: 'shop/pr-7', namespace: 'shop-pr-7', pod: 'web-a-0', container: 'main' },
  ...{ owner: 'Deployment/web', template: 'a', commit: 'c' },
}

test('labels of an image say nothing of the container that is made of it', () => {
  const attempt = { restarts: 0, backoffMs: 0, last: undefined }
  const own = writeContainerLabels(mark, attempt, { env: 0, resources: [0, 0, 0] })
  const ofImage = Object.fromEntries(
    [
      'engine',
      'app',
      'namespace',
      'pod',
      'container',
      'owner',
      'template',
      'commit',
      'restarts',
      'backoff',
      'last',
    ].map((name) => [`berth.dev/${name}`, '{"exitCode":0}']),
  )
  // As Docker does it.
  expect(parseContainerMark({ ...ofImage, ...own })).toEqual({ ...mark, ...attempt })
})
