import { test } from 'vitest'
import { previewStorm } from './support/preview-storm.ts'

test.each([1, 2, 3])(
  'fifty previews that come and go under faults leave nothing (seed %d)',
  (seed) => previewStorm(seed, 120, 50),
  600_000,
)
