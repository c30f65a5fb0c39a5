import { test } from 'vitest'
import { previewStorm } from './support/preview-storm.ts'
import { pullRequestStorm } from './support/pull-request-storm.ts'

test.each([1, 2, 3])('fifty previews that come and go under faults leave nothing (seed %d)', (seed) =>
  previewStorm(seed, 120, 50),
)

test.each([11, 12, 13, 14])(
  'forty pull requests of strangers and friends get what is theirs, and leave nothing (seed %d)',
  (seed) => pullRequestStorm(seed, 400, 40),
)
