package org.globalsessions.config;

import java.util.List;
import java.util.stream.Collectors;

/** A configuration was refused. It names every problem at once, so that one look at the file mends them all. */
public final class ConfigurationException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<ConfigurationProblem> problems;

    /**
     * Refuses a configuration.
     *
     * @param problems everything that is wrong, at least one
     */
    public ConfigurationException(List<ConfigurationProblem> problems) {
        super(problems.stream()
                .map(ConfigurationProblem::toString)
                .collect(Collectors.joining(System.lineSeparator())));
        this.problems = List.copyOf(problems);
    }

    /**
     * Everything that is wrong, in the order of the file.
     *
     * @return the problems
     */
    public List<ConfigurationProblem> problems() {
        return problems == null ? List.of() : problems;
    }
}
