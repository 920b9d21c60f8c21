/** In the order in which waiting tasks start. */
const PRIORITIES = ['visitor', 'on-demand', 'background'] as const

/** Who waits for a task: somebody's browser, a caller of `res.revalidate`, or nobody. */
export type Priority = (typeof PRIORITIES)[number]

/** What a queue does with its tasks. */
export interface QueueOptions<Task> {
  /** Tasks that run at a time; at least 1. */
  readonly concurrency: number
  /** Tasks that may wait. */
  readonly limit: number
  /** Starts a task; whoever ends it calls `release`. */
  readonly start: (task: Task) => void
  /** Called for a waiting background task that had to make room. */
  readonly drop: (task: Task) => void
}

/** A bounded queue in front of a bounded number of slots. */
export interface Queue<Task> {
  /** Starts the task or lets it wait; false when there is no room for it. */
  add(task: Task, priority: Priority): boolean
  /** Moves a waiting task to the end of another priority. */
  move(task: Task, priority: Priority): void
  /** Takes a waiting task out; false when it does not wait. */
  remove(task: Task): boolean
  /** Gives back the slot of a task that has ended, and starts the next. */
  release(): void
}

/** Whether the first is served before the second. */
export function isBefore(first: Priority, second: Priority): boolean {
  return PRIORITIES.indexOf(first) < PRIORITIES.indexOf(second)
}

/** Visitors go before calls of `res.revalidate`, those before background work; each in the order of arrival. */
export function createQueue<Task>({ concurrency, limit, start, drop }: QueueOptions<Task>): Queue<Task> {
  const waiting = { visitor: new Set<Task>(), 'on-demand': new Set<Task>(), background: new Set<Task>() }
  const slots = Math.max(1, concurrency)
  let running = 0

  function countWaiting(): number {
    return waiting.visitor.size + waiting['on-demand'].size + waiting.background.size
  }

  function takeFirst(tasks: Set<Task>): Task | undefined {
    for (const task of tasks) {
      tasks.delete(task)
      return task
    }
    return undefined
  }

  /** A full queue still takes those who wait for an answer, in place of background work. */
  function makeRoom(priority: Priority): boolean {
    if (countWaiting() < limit) return true
    const victim = priority === 'background' ? undefined : takeFirst(waiting.background)
    if (victim === undefined) return false
    drop(victim)
    return true
  }

  return {
    add(task, priority) {
      if (running < slots) {
        running += 1
        start(task)
        return true
      }
      if (!makeRoom(priority)) return false
      waiting[priority].add(task)
      return true
    },
    move(task, priority) {
      if (PRIORITIES.some((each) => waiting[each].delete(task))) waiting[priority].add(task)
    },
    remove: (task) => PRIORITIES.some((each) => waiting[each].delete(task)),
    release() {
      running -= 1
      for (const priority of PRIORITIES) {
        const task = running < slots ? takeFirst(waiting[priority]) : undefined
        if (task === undefined) continue
        running += 1
        start(task)
      }
    },
  }
}
