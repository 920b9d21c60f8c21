import { ask } from './source.server.js'

/** A data function's result that holds all the function was given. */
export async function generate(name, received, revalidate = 60) {
  const { value } = await ask(name, received)
  return { props: { value, received: JSON.parse(JSON.stringify(received)), count: received.length }, revalidate }
}
