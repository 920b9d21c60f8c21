export default function LateNotice() {
  return <p role="status">Two books are late.</p>
}
