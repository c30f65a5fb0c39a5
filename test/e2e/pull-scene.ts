import { engineJson } from '../support/engine-call.ts'
import { testImages } from '../support/images.ts'
import { testNodeImage } from '../support/node-image.ts'
import type { TestBerth } from './berth.ts'

/** A web server as restricted pod security wants it, its Service and its Ingress. `more`: of its environment. */
export function web(message: string, replicas = 1, image: string = testImages.one, more = ''): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      securityContext: { runAsNonRoot: true, runAsUser: 65534, fsGroup: 65534, seccompProfile: { type: RuntimeDefault } }
      containers:
        - name: main
          image: ${image}
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
          readinessProbe: { httpGet: { path: /ready, port: 8080 }, periodSeconds: 1 }
          env: [{ name: KEY, valueFrom: { secretKeyRef: { name: key, key: key, optional: true } } }, { name: MESSAGE, value: ${message} }, ${more}]
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web }
spec:
  rules:
    - host: shop.example.com
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] }
`
}

/** Namespaces in which there is any container, network or volume of this installation. */
export async function tracesOf(berth: TestBerth): Promise<string[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`berth.dev/engine=${berth.id}`] }))
  const networks = await engineJson<{ Labels: Record<string, string> }[]>(
    berth.socket,
    'GET',
    `/networks?filters=${filters}`,
  )
  const all = [...(await berth.containers()), ...(await berth.volumes()), ...networks]
  const namespaces = all.map(({ Labels }) => Labels?.['berth.dev/namespace'] ?? '')
  return [...new Set(namespaces)].filter((name) => name !== '').sort()
}

export function secretOf(key: string): string {
  return `apiVersion: v1\nkind: Secret\nmetadata: { name: key }\nstringData: { key: ${key} }\n`
}

/** The same pod with the tools of the node image beside the server. */
export function withTools(manifests: string): string {
  const tools = `      containers:
        - name: tools
          image: ${testNodeImage}
          command: [sleep, infinity]
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
`
  return manifests.replace('      containers:\n', tools)
}

/** What a script prints in the pod of a namespace. */
export async function inside(berth: TestBerth, namespace: string, script: string, container = 'main'): Promise<string> {
  const found = await berth.containers({ 'berth.dev/namespace': namespace, 'berth.dev/container': 'main' })
  const running = found.find(({ State }) => State === 'running')
  if (!running) throw new Error(`nothing runs in ${namespace}`)
  const { output } = await berth.exec(running.Labels['berth.dev/pod'] ?? '', container, 'sh', '-c', script)
  return output.trim()
}
