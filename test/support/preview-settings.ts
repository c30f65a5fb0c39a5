import type { PreviewSettings } from '../../src/settings.ts'

/** Each branch `preview/*` has a preview. */
export const branchPreviews: PreviewSettings = {
  ...{ provider: 'branches', branches: 'preview/*', images: undefined, targetBranch: undefined },
  ...{ labels: [], drafts: false, max: 20, maxAwake: 20, ttlMs: 72 * 3_600_000, sleepAfterMs: 8 * 3_600_000 },
  ...{ keepLabel: 'keep', sleepLabel: 'sleep', approveLabel: 'ok', hostTemplate: '{{id}}.{{host}}', host: undefined },
  ...{ podSecurity: 'baseline', quota: { pods: '20' }, intervalMs: 10_000 },
  ...{ comments: true, statuses: true, hookTimeoutMs: 300_000 },
}
