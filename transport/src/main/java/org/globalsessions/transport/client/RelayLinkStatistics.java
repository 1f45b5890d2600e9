package org.globalsessions.transport.client;

/**
 * What a link has seen since it was made.
 *
 * @param connections     connections that were welcome
 * @param failedAttempts  attempts to connect that failed
 * @param joinedQuestions questions that joined an open one of the same key
 * @param timeOuts        questions and changes that nobody answered in time
 * @param refused         questions and changes not sent, as the window or the connection's budget was full
 * @param cutOff          questions and changes open when the connection was lost
 * @param lateAnswers     answers to what was no longer open
 * @param badFrames       frames that were none or not allowed
 * @param keyReloads      changed keys and certificates that count now
 * @param keyReloadsFailed changed ones that could not be used
 */
public record RelayLinkStatistics(
        long connections,
        long failedAttempts,
        long joinedQuestions,
        long timeOuts,
        long refused,
        long cutOff,
        long lateAnswers,
        long badFrames,
        long keyReloads,
        long keyReloadsFailed) {}
