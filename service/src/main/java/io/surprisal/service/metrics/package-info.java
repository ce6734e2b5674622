/**
 * What a process measures of itself, for Prometheus: {@link
 * io.surprisal.service.metrics.ProcessMetrics} binds figures to the catalogue {@link
 * io.surprisal.schemas.MetricName} and writes them. Knows no other room of this module.
 */
package io.surprisal.service.metrics;
