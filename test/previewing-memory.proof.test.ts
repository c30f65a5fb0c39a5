// What a process keeps of previews that are gone: looked up in its own heap.
import { text } from 'node:stream/consumers'
import { getHeapSnapshot } from 'node:v8'
import { expect, test } from 'vitest'
import { done, engine, open, pass, repository, runtime } from './support/engine-fixture.ts'
import { branchPreviews } from './support/preview-settings.ts'

const manifests = `apiVersion: v1
kind: ConfigMap
metadata: { name: settings, annotations: { berth.dev/wave: "-1" } }
data: { a: b }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: main, image: "app:1", envFrom: [{ configMapRef: { name: settings } }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web }
spec:
  rules:
    - host: shop.example.com
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
  maxReplicas: 2
  metrics: [{ type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 80 } } }]
---
apiVersion: batch/v1
kind: CronJob
metadata: { name: nightly, annotations: { berth.dev/wave: "1" } }
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec: { template: { spec: { restartPolicy: Never, containers: [{ name: main, image: "app:1" }] } } }
`
const each = 5
const rounds = 4

test('of previews that are gone nothing is kept in memory', { timeout: 600_000 }, async () => {
  repository.push('Start', { 'all.yaml': manifests })
  await open({ previews: branchPreviews }).start()
  await pass(15_000)
  for (let round = 1; round <= rounds; round += 1) {
    const branches = Array.from({ length: each }, (_, number) => `preview/round-${round}-${number}`)
    for (const branch of branches) repository.pushTo(branch, branch, { 'all.yaml': `${manifests}# ${branch}\n` })
    await pass(25_000)
    expect(engine.status().filter(({ preview }) => preview)).toHaveLength(each)
    for (const branch of branches) repository.drop(branch)
    await pass(60_000)
    expect([engine.status().length, new Set(runtime.pods().map(({ app }) => app)).size]).toEqual([1, 1])
  }
  // What this test remembers of them itself.
  done.length = 0
  const { strings } = JSON.parse(await text(getHeapSnapshot())) as { strings: string[] }
  const kept = strings.filter((one) => /shop[-/]round-\d+-\d/.test(one) && !one.includes('expect('))
  // Something of the last ones stays until the next ones come.
  expect(kept.filter((one) => !one.includes(`round-${rounds}-`))).toEqual([])
})
