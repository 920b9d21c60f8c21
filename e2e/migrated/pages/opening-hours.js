import { useId } from 'react'

export default function OpeningHours() {
  const id = useId()
  return (
    <>
      <h1 id={id}>Opening hours</h1>
      <table aria-labelledby={id}>
        <tbody>
          <tr>
            <th>Monday</th>
            <td>9 – 17</td>
          </tr>
        </tbody>
      </table>
      <p>Call {process.env.NEXT_PUBLIC_PHONE}</p>
      <p>Fax {process.env.NEXT_PUBLIC_FAX ?? 'none'}</p>
    </>
  )
}
