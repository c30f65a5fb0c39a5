import { found, oneOf } from '../found.ts'
import { dnsNameFault, envNameFault } from '../names.ts'
import type { Path } from '../position.ts'
import { type Review, reportFault } from '../review.ts'
import type { Container, EnvVarSource } from '../types.ts'

const fieldPaths = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
] as const
const fieldMember = /^metadata\.(?:labels|annotations)\['[^']+'\]$/
export const resourceFields = ['limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory']
const sources = ['configMapKeyRef', 'secretKeyRef', 'fieldRef', 'resourceFieldRef'] as const

export function reviewEnv(
  { env = [], envFrom = [] }: Container,
  containers: readonly string[],
  path: Path,
  review: Review,
): void {
  for (const [index, { name, value, valueFrom }] of env.entries()) {
    const at = [...path, 'env', index]
    reportFault(review, [...at, 'name'], envNameFault(name), found(name))
    if (!valueFrom) continue
    if (value !== undefined && value !== '') review.problem(at, 'expected value or valueFrom, found both')
    reviewSource(valueFrom, containers, [...at, 'valueFrom'], review)
  }
  for (const [index, { configMapRef, secretRef, prefix }] of envFrom.entries()) {
    const at = [...path, 'envFrom', index]
    if (!configMapRef === !secretRef) {
      review.problem(at, `expected one of configMapRef or secretRef, found ${configMapRef ? 'both' : 'none'}`)
    }
    if (prefix) reportFault(review, [...at, 'prefix'], envNameFault(prefix), found(prefix))
    if (configMapRef) reviewReference(configMapRef.name, [...at, 'configMapRef', 'name'], review)
    if (secretRef) reviewReference(secretRef.name, [...at, 'secretRef', 'name'], review)
  }
}

function reviewSource(source: EnvVarSource, containers: readonly string[], path: Path, review: Review): void {
  if (source.fileKeyRef) {
    review.problem([...path, 'fileKeyRef'], 'not supported by this version of berth')
    return
  }
  const given = sources.filter((name) => source[name] !== undefined)
  if (given.length !== 1)
    review.problem(
      path,
      `expected one of ${oneOf(sources)}, found ${given.length === 0 ? 'none' : given.join(' and ')}`,
    )
  const { configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef } = source
  if (configMapKeyRef) reviewReference(configMapKeyRef.name, [...path, 'configMapKeyRef', 'name'], review)
  if (secretKeyRef) reviewReference(secretKeyRef.name, [...path, 'secretKeyRef', 'name'], review)
  if (fieldRef && !fieldPaths.some((known) => known === fieldRef.fieldPath) && !fieldMember.test(fieldRef.fieldPath)) {
    const known = [...fieldPaths, "metadata.labels['KEY']", "metadata.annotations['KEY']"]
    review.problem([...path, 'fieldRef', 'fieldPath'], `expected ${oneOf(known)}, found ${found(fieldRef.fieldPath)}`)
  }
  if (!resourceFieldRef) return
  const { resource, containerName } = resourceFieldRef
  const at = [...path, 'resourceFieldRef']
  if (!resourceFields.includes(resource))
    review.problem([...at, 'resource'], `expected ${oneOf(resourceFields)}, found ${found(resource)}`)
  if (containerName !== undefined && !containers.includes(containerName)) {
    review.problem([...at, 'containerName'], `expected ${oneOf(containers)}, found ${found(containerName)}`)
  }
}

/** The name of something that a volume holds: one that cannot exist is waited for like one that does not. */
export function reviewNamed(name: string | undefined, path: Path, review: Review): void {
  if (name === undefined || name === '') review.problem(path, 'expected a name, found nothing')
}

/** The name of a ConfigMap or a Secret. */
export function reviewReference(name: string | undefined, path: Path, review: Review): void {
  if (name === undefined || name === '') review.problem(path, 'expected a name, found nothing')
  else reportFault(review, path, dnsNameFault(name), found(name))
}
