import { useState, type FormEvent } from 'react'
import type { GetServerSideProps, InferGetServerSidePropsType } from 'vite-plugin-isr'
import { Link, useRouter } from 'vite-plugin-isr/client'
import { Breadcrumb } from '../../components/breadcrumb.tsx'
import { PageMeta } from '../../components/page-meta.tsx'
import { readCountry } from '../../server/countries.server.ts'
import { toStamp } from '../../server/stamp.ts'
import { maxTextLength } from '../../server/submission.ts'
import '../../styles/edit.css'

/** What the API said to a form that was sent without JavaScript. */
const problems: Record<string, string> = {
  text: `The text was not saved: it must have 1 to ${maxTextLength} characters and no control characters.`,
  conflict: 'Somebody else has changed the text since you opened it. Here is the new one.',
  refused: 'Editing is off here.',
  failed: 'The text is saved, but the page could not be made anew yet. It will be within a minute.',
}

export const getServerSideProps = (async ({ params, query }) => {
  const country = await readCountry(params.country)
  if (!country) return { notFound: true }
  const { slug, name, description, revision } = country
  const problem = typeof query['problem'] === 'string' ? (problems[query['problem']] ?? '') : ''
  return { props: { ...toStamp(null), slug, name, description, revision, problem } }
}) satisfies GetServerSideProps<object, '/edit/[country]'>

type State = { type: 'idle' } | { type: 'saving' } | { type: 'saved' } | { type: 'failed'; message: string }

export default function Edit(props: InferGetServerSidePropsType<typeof getServerSideProps>) {
  const { slug, name, description } = props
  const { basePath } = useRouter()
  const [revision, setRevision] = useState(props.revision)
  const [length, setLength] = useState(description.length)
  const [state, setState] = useState<State>(
    props.problem ? { type: 'failed', message: props.problem } : { type: 'idle' },
  )

  async function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const { action } = event.currentTarget
    const description = new FormData(event.currentTarget).get('description')
    setState({ type: 'saving' })
    try {
      const response = await fetch(action, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ description, revision }),
      })
      const answer = (await response.json()) as { message?: string; revision?: number }
      if (answer.revision) setRevision(answer.revision)
      setState(
        response.ok ? { type: 'saved' } : { type: 'failed', message: answer.message ?? 'The text was not saved.' },
      )
    } catch {
      setState({ type: 'failed', message: 'The server did not answer. Your text is still here: try again.' })
    }
  }

  return (
    <>
      <PageMeta title={`Edit ${name}`} description={`Change the text of the page about ${name}.`} />
      <Breadcrumb
        trail={[
          { name: 'Countries', path: '/countries' },
          { name, path: `/countries/${slug}` },
        ]}
      />
      <h1>Edit {name}</h1>
      <form
        className="editor"
        method="post"
        action={`${basePath}/api/countries/${slug}`}
        onSubmit={(event) => void save(event)}
      >
        <input type="hidden" name="revision" value={revision} />
        <label htmlFor="description">Text</label>
        <textarea
          id="description"
          name="description"
          rows={12}
          required
          maxLength={maxTextLength}
          defaultValue={description}
          aria-describedby="hint"
          onInput={(event) => {
            setLength(event.currentTarget.value.length)
            if (state.type !== 'saving') setState({ type: 'idle' })
          }}
        />
        <p id="hint" className="note">
          {length} of {maxTextLength} characters. An empty line begins a new paragraph.
        </p>
        <div className="actions">
          <button type="submit" disabled={state.type === 'saving'}>
            {state.type === 'saving' ? 'Saving…' : 'Save'}
          </button>
          <p role="status" className={state.type === 'failed' ? 'problem' : undefined}>
            {state.type === 'saved' && (
              <>
                Saved, and the page is made anew. <Link href={`/countries/${slug}`}>See {name}</Link>
              </>
            )}
            {state.type === 'failed' && state.message}
          </p>
        </div>
      </form>
    </>
  )
}
