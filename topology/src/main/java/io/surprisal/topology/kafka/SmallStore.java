package io.surprisal.topology.kafka;

import java.util.Map;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.rocksdb.Options;

/**
 * RocksDB for a store of one small entry: what was written is kept in memory up to two times 64 KiB
 * before it goes to a file, not up to three times 16 MiB. Made by Kafka Streams.
 */
public final class SmallStore implements RocksDBConfigSetter {

  private static final long WRITE_BUFFER_BYTES = 64 << 10;
  private static final int WRITE_BUFFERS = 2;

  @Override
  public void setConfig(String storeName, Options options, Map<String, Object> configs) {
    options.setWriteBufferSize(WRITE_BUFFER_BYTES);
    options.setMaxWriteBufferNumber(WRITE_BUFFERS);
  }

  @Override
  public void close(String storeName, Options options) {
    // Nothing native was created.
  }
}
