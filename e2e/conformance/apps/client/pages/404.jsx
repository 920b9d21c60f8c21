export default function NotFound() {
  return (
    <main>
      <title>Nothing here</title>
      <h1>Nothing here</h1>
    </main>
  )
}
