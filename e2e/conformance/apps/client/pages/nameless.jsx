export default function Nameless() {
  return <main>neither title nor heading</main>
}
