import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeImage, pauseImage } from './images.ts'

interface ConfigSettings {
  readonly engine: string
  readonly host: string
  readonly repository: string
  readonly serviceCIDR: string
  /** Where Ingresses are served. */
  readonly port: number
}

/** Writes the configuration of the demo's Berth into its folder, and answers its path. */
export function writeConfig(folder: string, settings: ConfigSettings): string {
  const file = join(folder, 'berth.yaml')
  writeFileSync(
    file,
    `apiVersion: berth.dev/v1
kind: Engine
metadata: { name: ${settings.engine} }
spec:
  hosts:
    - { name: local, endpoint: "${settings.host}" }
  stateDir: ${join(folder, 'state')}
  pauseImage: ${pauseImage}
  network:
    mode: services
    nodeImage: ${nodeImage}
    serviceCIDR: ${settings.serviceCIDR}
    ingress: { httpPort: ${settings.port}, httpsPort: 0 }
  server: { listen: "127.0.0.1:0" }
---
apiVersion: berth.dev/v1
kind: Application
metadata: { name: shop }
spec:
  source: { repoURL: "${settings.repository}", revision: main, path: shop }
  destination: { namespace: shop }
  sync: { interval: 1s }
  previews:
    provider: branches
    branches: preview/*
    host: "{{id}}.shop.localhost"
    interval: 1s
`,
  )
  return file
}
