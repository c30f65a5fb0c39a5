import { found, oneOf } from '../found.ts'
import { ResourceQuota as validate } from '../generated/validators.js'
import { dnsNameFault, labelKeyFault } from '../names.ts'
import { parseQuantity } from '../quantity.ts'
import { type Review, reportFault } from '../review.ts'
import type { ResourceQuotaSpec } from '../types.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'
import { canonicalAmounts, reviewQuantity } from './quantities.ts'

const compute = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory']
const counted = [
  'pods',
  'services',
  'services.loadbalancers',
  'services.nodeports',
  'configmaps',
  'secrets',
  'persistentvolumeclaims',
  'replicationcontrollers',
  'resourcequotas',
]
const scopes = [
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'PriorityClass',
  'CrossNamespacePodAffinity',
  'VolumeAttributesClass',
]
const opposite: Readonly<Record<string, string>> = { Terminating: 'NotTerminating', BestEffort: 'NotBestEffort' }

export const resourceQuota: KindRow<'ResourceQuota'> = {
  scope: 'Namespaced',
  validate,
  review({ metadata, spec }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
    for (const [name, amount] of Object.entries(spec.hard ?? {})) reviewHard(name, amount, review)
    reviewScopes(spec, review)
  },
  complete(object) {
    const { hard } = object.spec
    return hard ? { ...object, spec: { ...object.spec, hard: canonicalAmounts(hard) } } : object
  },
}

/** Whether a quota of this name limits anything here. */
export function isCounted(name: string): boolean {
  const isStorage = name === 'requests.storage' || name.includes('.storageclass.storage.k8s.io/')
  return isNumber(name) || isStorage || compute.includes(name)
}

/** Of objects. */
function isNumber(name: string): boolean {
  return counted.includes(name) || name.startsWith('count/')
}

function reviewHard(name: string, amount: string | number, review: Review): void {
  const path = ['spec', 'hard', name]
  reviewQuantity(amount, path, review)
  const isCount = isNumber(name)
  const quantity = parseQuantity(String(amount))
  if (isCount && quantity && quantity.nano % 10n ** 9n !== 0n) {
    review.problem(path, `expected a whole number, found ${found(amount)}`)
  }
  if (isCounted(name)) return
  reportFault(review, path, labelKeyFault(name), found(name))
  review.ignored(path, 'only numbers of objects, cpu, memory and storage are counted')
}

function reviewScopes({ scopes: given = [], scopeSelector, hard = {} }: ResourceQuotaSpec, review: Review): void {
  for (const [index, scope] of given.entries()) {
    const path = ['spec', 'scopes', index]
    if (!scopes.includes(scope)) review.problem(path, `expected ${oneOf(scopes)}, found ${found(scope)}`)
    const other = opposite[scope]
    if (other !== undefined && given.includes(other)) review.problem(path, `expected ${scope} or ${other}, found both`)
  }
  for (const [index, { scopeName, operator, values = [] }] of (scopeSelector?.matchExpressions ?? []).entries()) {
    const path = ['spec', 'scopeSelector', 'matchExpressions', index]
    if (!scopes.includes(scopeName))
      review.problem([...path, 'scopeName'], `expected ${oneOf(scopes)}, found ${found(scopeName)}`)
    const operators =
      scopeName === 'PriorityClass' || scopeName === 'VolumeAttributesClass'
        ? ['In', 'NotIn', 'Exists', 'DoesNotExist']
        : ['Exists']
    if (!operators.includes(operator)) {
      review.problem([...path, 'operator'], `expected ${oneOf(operators)} for ${scopeName}, found ${found(operator)}`)
    } else if ((operator === 'In' || operator === 'NotIn') !== values.length > 0) {
      review.problem([...path, 'values'], `expected ${values.length > 0 ? 'no values' : 'values'} for ${operator}`)
    }
  }
  if (!given.includes('BestEffort')) return
  for (const name of Object.keys(hard)) {
    if (name !== 'pods') review.problem(['spec', 'hard', name], 'expected pods only beside the scope BestEffort')
  }
}
