import { Chat } from './chat';

// Drawn on the server: the markup that is sent has <twin-chat> in it already.
export default function Page() {
  return (
    <main>
      <h1>Next.js</h1>
      <Chat proxy={process.env.NEXT_PUBLIC_TWINCHAT_PROXY} />
    </main>
  );
}
