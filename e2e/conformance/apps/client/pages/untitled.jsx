export default function Untitled() {
  return (
    <main>
      <h1>
        Heading <b>only</b>
      </h1>
    </main>
  )
}
