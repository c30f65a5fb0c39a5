// Templates resolved beside one ConfigMap and one Secret, for tests of what pods read.
import type { ConfigMap, PodSpec, Secret } from '../../../src/manifests/types.ts'
import type { Provision, Template } from '../../../src/reconcile/plan/desired.ts'
import { resolveTemplate, type TemplateContext } from '../../../src/reconcile/plan/template.ts'
import { podSpec } from './world.ts'

export const settings: ConfigMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', namespace: 'shop' },
  data: { LEVEL: '1', 'app.conf': 'a=1' },
  binaryData: { 'logo.png': '/9j/' },
}
export const credentials: Secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'credentials', namespace: 'shop' },
  type: 'Opaque',
  data: { key: 'AP8=' },
  stringData: { user: 'me' },
}

export interface Situation {
  readonly owner?: string
  readonly spec?: Partial<PodSpec>
  readonly labels?: Record<string, string>
  readonly annotations?: Record<string, string>
  readonly objects?: readonly (ConfigMap | Secret)[]
  readonly context?: Partial<TemplateContext>
}

export function resolve({ owner = 'Deployment/web', spec = {}, ...rest }: Situation): Template {
  const { objects = [settings, credentials], labels = { app: 'web' }, annotations = {} } = rest
  return resolveTemplate(
    { metadata: { labels, annotations }, spec: podSpec(spec) },
    'shop',
    owner,
    (kind, name) => objects.find((object) => object.kind === kind && object.metadata.name === name),
    { storage: noStorage, annotations: {}, limitRanges: [], ...rest.context },
  )
}

export const noStorage = { claim: () => undefined, claimTemplate: () => undefined, claimTemplates: [] }

export const provision: Provision = {
  volume: {
    app: 'demo',
    namespace: 'shop',
    subject: 'PersistentVolumeClaim/data',
    detail: '',
    facts: {},
    driver: 'fast',
    options: { tier: 'gold' },
  },
  hostPath: undefined,
  hosts: undefined,
  waits: true,
  problem: '',
  conditions: [],
}
