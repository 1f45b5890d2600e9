package org.globalsessions.transport.gateway;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A gateway in a process of its own over the segment of a folder, to be killed or stopped from outside. */
final class GatewayProcess implements AutoCloseable {
    private final Process process;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    final int port;

    private GatewayProcess(Process process) throws InterruptedException {
        this.process = process;
        Thread reader = new Thread(this::read, "gateway-process-output");
        reader.setDaemon(true);
        reader.start();
        port = Integer.parseInt(nextBehind("port "));
    }

    static GatewayProcess start(Path folder, Duration clientTimeout) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        GatewayProcess.class.getName(),
                        folder.toString(),
                        String.valueOf(clientTimeout.toMillis())))
                .redirectErrorStream(true)
                .start();
        return new GatewayProcess(process);
    }

    private void read() {
        try (BufferedReader from =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            String line = from.readLine();
            while (line != null) {
                lines.add(line);
                line = from.readLine();
            }
        } catch (IOException e) {
            lines.add("cut off: " + e.getMessage());
        }
    }

    /** Of whose end it has told its application next. */
    String nextTold() throws InterruptedException {
        return nextBehind("told ");
    }

    private String nextBehind(String word) throws InterruptedException {
        String line = GatewayFixture.inTime(lines);
        while (!line.startsWith(word)) {
            line = GatewayFixture.inTime(lines);
        }
        return line.substring(word.length());
    }

    void signal(String name) throws IOException, InterruptedException {
        int status = new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid()))
                .start()
                .waitFor();
        if (status != 0) {
            throw new IOException("kill -" + name + " failed: status=" + status);
        }
    }

    void kill() throws IOException, InterruptedException {
        signal("KILL");
        process.waitFor(10, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    /** Serves until it is killed, or its standard input ends. */
    public static void main(String[] args) throws IOException {
        Duration timeout = Duration.ofMillis(Long.parseLong(args[1]));
        GatewayFixture fixture = new GatewayFixture(Path.of(args[0]));
        fixture.start(GatewayFixture.settings().clientTimeout(timeout).timeoutCheck(timeout.dividedBy(4)));
        System.out.println("port " + fixture.gateway.port());
        Thread told = new Thread(() -> {
            try {
                while (true) {
                    System.out.println("told " + fixture.destroyed.take().identifier());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        told.setDaemon(true);
        told.start();
        if (System.in.read() < 0) {
            fixture.close();
        }
    }
}
