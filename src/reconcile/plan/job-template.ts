import type { Container, JobSpec, PodTemplateSpec } from '../../manifests/types.ts'
import { completionIndexKey } from './job-identity.ts'

const variable = 'JOB_COMPLETION_INDEX'

/** The pod template of a job: pods of an Indexed one read their index from the environment. */
export function jobPodTemplate({ completionMode, template }: JobSpec): PodTemplateSpec {
  if (completionMode !== 'Indexed') return template
  const { containers, initContainers } = template.spec
  const spec = { ...template.spec, containers: containers.map(withIndex) }
  return { ...template, spec: initContainers ? { ...spec, initContainers: initContainers.map(withIndex) } : spec }
}

function withIndex(container: Container): Container {
  const { env = [] } = container
  if (env.some(({ name }) => name === variable)) return container
  const fieldPath = `metadata.annotations['${completionIndexKey}']`
  return { ...container, env: [...env, { name: variable, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } }] }
}
