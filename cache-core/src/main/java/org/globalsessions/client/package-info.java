/** Remote clients of a service: who they are, what they are bound to, and how they are reached. */
package org.globalsessions.client;
