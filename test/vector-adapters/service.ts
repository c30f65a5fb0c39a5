import { service as manifest, object, problems } from '../manifests/manifest.ts'

/** Shape and defaults; what Services do comes with the network. */
export const service = {
  defaults: ({ spec }: { spec: object }) => ({ spec: object('Service', manifest(spec)).spec }),
  validate: ({ spec }: { spec: object }) => ({ valid: problems(JSON.stringify(manifest(spec))).length === 0 }),
}
