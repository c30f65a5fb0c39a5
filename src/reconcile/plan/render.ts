import type { Plan, Task } from './action.ts'

/** One line per task: `create pod web-5d9f-0 on local (replaces revision 7c6b)`. */
export function renderPlan(plan: Pick<Plan, 'tasks'>): string {
  return plan.tasks.map(renderTask).join('\n')
}

export function renderTask(task: Task): string {
  return task.cause ? `${task.text} (${task.cause})` : task.text
}
