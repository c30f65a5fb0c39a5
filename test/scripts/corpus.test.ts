import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkFolder } from '../../scripts/corpus/check.ts'
import { pitfallOf } from '../../scripts/corpus/deploy.ts'
import { foldersOf } from '../../scripts/corpus/folders.ts'
import { levelOf } from '../../scripts/corpus/levels.ts'
import { podSpecOf, prepare } from '../../scripts/corpus/stubs.ts'

const container = { name: 'web', image: 'web:1' }
const pod = (spec: object) => ({ apiVersion: 'v1', kind: 'Pod', spec: { containers: [container], ...spec } })

test.each([
  { document: pod({}), level: 0 },
  { document: pod({ containers: [{ ...container, envFrom: [] }] }), level: 1 },
  { document: pod({ initContainers: [container] }), level: 2 },
  { document: { apiVersion: 'v1', kind: 'Service', spec: { clusterIP: 'None' } }, level: 2 },
  { document: { apiVersion: 'apps/v1', kind: 'StatefulSet', spec: {} }, level: 3 },
  { document: pod({ tolerations: [] }), level: 4 },
  { document: { apiVersion: 'apps/v1beta1', kind: 'Deployment', spec: {} }, level: 5 },
  { document: pod({ hostNetwork: true }), level: 5 },
  { document: pod({ containers: [{ ...container, resources: { limits: { 'nvidia.com/gpu': 1 } } }] }), level: 6 },
  { document: { apiVersion: 'v1', kind: 'ConfigMap', data: { hostNetwork: 'true' } }, level: 1 },
  { document: { apiVersion: 'example.com/v1', kind: 'Widget' }, level: 7 },
])('level $level', ({ document, level }) => {
  expect(levelOf(document).level).toBe(level)
})

test('a document is made to run with stand-ins', () => {
  const document = pod({
    containers: [
      {
        ...container,
        image: 'registry.example.com/web@sha256:0123',
        ports: [{ containerPort: 80 }, { containerPort: 53, protocol: 'UDP' }],
        livenessProbe: { httpGet: { port: 9090 } },
      },
      { name: 'side', image: 'side', ports: [{ containerPort: 80 }] },
    ],
  })
  expect(prepare(document)).toEqual(['registry.example.com/web', 'side'])
  expect(podSpecOf(document)?.containers).toMatchObject([
    { imagePullPolicy: 'IfNotPresent', env: [{ name: 'STUB_PORTS', value: '80,53/UDP,9090' }] },
    { imagePullPolicy: 'IfNotPresent', env: [{ name: 'STUB_PORTS', value: '18081' }] },
  ])
})

test('a stand-in of a Job comes to an end', () => {
  const document = { kind: 'Job', spec: { template: { spec: { containers: [{ name: 'main', image: 'a' }] } } } }
  prepare(document)
  expect(podSpecOf(document)?.containers).toMatchObject([{ env: [{}, { name: 'STUB_EXIT_AFTER', value: '1' }] }])
})

test('what stands in the way of a stand-in is told from what Berth does', () => {
  expect(pitfallOf('Pod a: Pending: 0 of 1 host fits: 1 Insufficient cpu')).toMatch(/more than the host has/)
  const figures =
    'HorizontalPodAutoscaler web: cpu: no figures of cpu yet from a ready pod; cpu <unknown>/99%, 1 of 1..2 replicas'
  expect(pitfallOf(figures)).toMatch(/no figures yet/)
  expect(pitfallOf(`${figures}; Deployment web: 1 of 2 pods available`)).toBe('')
  expect(pitfallOf('Deployment web: 1 of 2 pods available')).toBe('')
})

test('folders are read with their manifests alone', () => {
  const root = mkdtempSync(join(tmpdir(), 'corpus-'))
  try {
    const put = (path: string, text: string) => {
      mkdirSync(join(root, path, '..'), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n'
    put('app/ns.yaml', namespace)
    put('app/bad.yaml', `${namespace}spec: [`)
    put('chart/Chart.yaml', 'name: x')
    put('chart/templates/ns.yaml', namespace)
    put('base/kustomization.yaml', 'resources: [ns.yaml]')
    put('base/ns.yaml', namespace)
    put('compose/docker-compose.yaml', 'services: {}')
    const [folder, ...others] = foldersOf(root)
    expect([folder?.path, others]).toEqual(['app', []])
    const { documents, problem } = checkFolder(folder!)
    expect(documents.map((one) => one.problem === '').sort()).toEqual([false, true])
    expect(problem).toMatch(/^app\/bad\.yaml:/)
  } finally {
    rmSync(root, { recursive: true })
  }
})
