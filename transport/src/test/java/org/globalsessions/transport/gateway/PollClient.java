package org.globalsessions.transport.gateway;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A remote client that polls, by the JDK's HTTP client. */
final class PollClient {
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI poll;
    String identifier;

    PollClient(int port, String query) {
        poll = URI.create("http://localhost:" + port + "/poll" + query);
    }

    static PollClient login(int port, String user) throws IOException, InterruptedException {
        PollClient client = new PollClient(port, "?userName=" + user);
        client.identifier = client.post("hello").body().substring("welcome ".length());
        return client;
    }

    HttpResponse<String> post(String message) throws IOException, InterruptedException {
        return http.send(
                request().POST(HttpRequest.BodyPublishers.ofString(message)).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    CompletableFuture<HttpResponse<String>> getAsync() {
        return http.sendAsync(request().GET().build(), HttpResponse.BodyHandlers.ofString());
    }

    /** What one poll brings. */
    List<String> get() throws IOException, InterruptedException {
        return messages(http.send(request().GET().build(), HttpResponse.BodyHandlers.ofString()));
    }

    static List<String> messages(HttpResponse<String> response) {
        List<String> messages = new ArrayList<>();
        String rest = response.body();
        while (!rest.isEmpty()) {
            int blank = rest.indexOf(' ');
            int length = Integer.parseInt(rest.substring(0, blank));
            messages.add(rest.substring(blank + 1, blank + 1 + length));
            rest = rest.substring(blank + 1 + length);
        }
        return messages;
    }

    private HttpRequest.Builder request() {
        HttpRequest.Builder builder = HttpRequest.newBuilder(poll);
        return identifier == null ? builder : builder.header("x-client", identifier);
    }
}
