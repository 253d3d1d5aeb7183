package newswire.local;

import java.io.IOException;
import java.io.InputStream;

/**
 * Ends this process when the program that started it is gone, however it went.
 *
 * Standard input is a pipe whose other end the starter holds, so the kernel tells us of its death at once, kill -9 included. A starter that
 * forked may have left that end open in a child; so the starter's process is watched too.
 */
final class Supervised {
    private static final long LONGEST_GOODBYE_MS = 20_000;

    private Supervised() {}

    static void start() {
        InputStream lifeline = System.in;
        Thread watch = new Thread(() -> awaitEnd(lifeline), "newswire-supervisor-watch");
        watch.setDaemon(true);
        watch.start();
        ProcessHandle.current().parent().ifPresent(parent -> parent.onExit().thenRun(Supervised::leave));
    }

    private static void awaitEnd(InputStream lifeline) {
        try {
            while (lifeline.read() >= 0) {
                // Nothing is ever said on this pipe; only its end means something.
            }
        } catch (IOException broken) {
            // As good as its end.
        }
        leave();
    }

    private static void leave() {
        Thread limit = new Thread(Supervised::haltLate, "newswire-goodbye-limit");
        limit.setDaemon(true);
        limit.start();
        System.exit(0);
    }

    private static void haltLate() {
        try {
            Thread.sleep(LONGEST_GOODBYE_MS);
        } catch (InterruptedException ignored) {
            // Then at once.
        }
        Runtime.getRuntime().halt(1);
    }
}
