export default function Failed() {
  return (
    <main>
      <title>It failed</title>
      <h1>It failed</h1>
    </main>
  )
}
