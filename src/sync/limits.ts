import type { SyncLimits, SyncTimeouts } from './port.ts'

const mebibyte = 1024 * 1024

export const defaultLimits: SyncLimits = {
  fileBytes: mebibyte,
  depth: 32,
  entries: 100_000,
  totalBytes: 64 * mebibyte,
  packBytes: 512 * mebibyte,
  objectBytes: 64 * mebibyte,
}

export const defaultTimeouts: SyncTimeouts = { connectMs: 10_000, idleMs: 30_000, totalMs: 600_000 }
