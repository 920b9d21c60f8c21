export { useRouter } from 'vite-plugin-isr/client'
