import { test } from 'vitest'
import { previewDisasters } from './support/preview-disasters.ts'
import { previewStorm } from './support/preview-storm.ts'
import { pullRequestStorm } from './support/pull-request-storm.ts'

test.each([1, 2, 3])('fifty previews that come and go under faults leave nothing (seed %d)', (seed) =>
  previewStorm(seed, 120, 50),
)

test.each([11, 12, 13, 14])(
  'forty pull requests of strangers and friends get what is theirs, and leave nothing (seed %d)',
  (seed) => pullRequestStorm(seed, 400, 40),
)

test.each([21, 22, 23])(
  'a crowd of previews outlives the deaths of Docker and of Berth, beside a production that rolls (seed %d)',
  (seed) => previewDisasters(seed, 60, 20),
)
