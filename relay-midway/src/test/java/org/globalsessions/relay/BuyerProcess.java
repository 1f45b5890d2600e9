package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A remote client as a process of its own: buys a list of items one by one. Whatever breaks, it begins again, and goes on where it was by what it had remembered. Takes
 * {@code OWNER ITEMS STEPS_A_CUT} a line and answers {@code OWNER CUTS} once all are bought; of so many steps it cuts its own connection at one, before or after it has
 * sent what it asks for; 0 for none.
 */
final class BuyerProcess {
    private static final int ANSWER_SECONDS = 5;

    private final URI uri;
    private final int items;
    private final int stepsACut;
    private final Random random;
    private Connection connection;
    private int asked;

    private BuyerProcess(URI uri, int items, int stepsACut, Random random) {
        this.uri = uri;
        this.items = items;
        this.stepsACut = stepsACut;
        this.random = random;
    }

    /** It has to begin again. */
    private static final class Cut extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** A connection, and what came over it. */
    private static final class Connection implements WebSocket.Listener {
        private static final String END = "";

        private final BlockingQueue<String> received = new LinkedBlockingQueue<>();
        private final StringBuilder part = new StringBuilder();
        private WebSocket socket;

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            part.append(data);
            if (last) {
                received.add(part.toString());
                part.setLength(0);
            }
            from.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onClose(WebSocket from, int code, String reason) {
            received.add(END);
            return null;
        }

        @Override
        public void onError(WebSocket from, Throwable error) {
            received.add(END);
        }

        void send(String message) {
            try {
                socket.sendText(message, true).join();
            } catch (CompletionException e) {
                throw new Cut();
            }
        }

        String next() throws InterruptedException {
            String next = received.poll(ANSWER_SECONDS, TimeUnit.SECONDS);
            if (next == null || next.equals(END)) {
                throw new Cut();
            }
            return next;
        }
    }

    /**
     * Runs until its standard input ends.
     *
     * @param arguments the gateway's port, seed of the cuts
     */
    public static void main(String[] arguments) throws Exception {
        HttpClient http = HttpClient.newHttpClient();
        Random random = new Random(Long.parseLong(arguments[1]));
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        System.out.println("ready");
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            String[] words = line.split(" ", -1);
            URI uri = URI.create("ws://localhost:" + arguments[0] + "/ws?user=" + words[0]);
            BuyerProcess buyer = new BuyerProcess(uri, Integer.parseInt(words[1]), Integer.parseInt(words[2]), random);
            System.out.println(words[0] + " " + buyer.buyAll(http));
        }
    }

    /** Returns how often it had to begin again. */
    private int buyAll(HttpClient http) throws InterruptedException {
        for (int cuts = 0; ; cuts++) {
            try {
                buyFromWhereItWas(http);
                connection.send("bye");
                connection.socket.abort();
                return cuts;
            } catch (Cut e) {
                if (connection != null) {
                    connection.socket.abort();
                    connection = null;
                }
            }
        }
    }

    private void buyFromWhereItWas(HttpClient http) throws InterruptedException {
        connect(http);
        String[] begun = ask("queue/begin " + ShopProcess.CART).split(" ", -1);
        int next = begun.length == 1 ? 0 : Integer.parseInt(begun[1]);
        for (int item = next; item < items; item++) {
            ask("buy " + begun[0] + " " + item);
        }
    }

    private void connect(HttpClient http) throws InterruptedException {
        Connection fresh = new Connection();
        try {
            fresh.socket = http.newWebSocketBuilder().buildAsync(uri, fresh).join();
        } catch (CompletionException away) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            throw new Cut();
        }
        connection = fresh;
        fresh.send("hello");
        if (!fresh.next().startsWith("welcome ")) {
            throw new Cut();
        }
    }

    /** What is answered; an error has it begin again. */
    private String ask(String request) throws InterruptedException {
        int fate = stepsACut == 0 ? -1 : random.nextInt(2 * stepsACut);
        if (fate == 0) {
            throw new Cut();
        }
        asked++;
        connection.send("ask " + asked + " " + request);
        if (fate == 1) {
            throw new Cut();
        }
        String answer = connection.next();
        String beginning = "answer " + asked + " ";
        if (!answer.startsWith(beginning)) {
            // A tier is away: not at once again.
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            throw new Cut();
        }
        return answer.substring(beginning.length());
    }
}
