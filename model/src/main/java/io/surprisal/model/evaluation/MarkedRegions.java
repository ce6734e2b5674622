package io.surprisal.model.evaluation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.geom.Path2D;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What people marked in pictures: polygons, by picture. The file is a JSON object whose names are
 * those of the picture files, with as much of their path as tells them apart, and whose values are
 * lists of polygons, each a list of points {@code [x, y]} in pixels of the picture.
 */
public final class MarkedRegions {
  private static final int FEWEST_POINTS = 3;

  private final Map<String, List<Path2D>> pictures;

  private MarkedRegions(Map<String, List<Path2D>> pictures) {
    this.pictures = pictures;
  }

  /**
   * Reads a file.
   *
   * @throws NoSuchFileException if it does not exist
   * @throws IOException if it cannot be read or is of another form; names the file, and the picture
   */
  public static MarkedRegions read(Path file) throws IOException {
    JsonNode root;
    try {
      root = new ObjectMapper().readTree(Files.readAllBytes(file));
    } catch (JsonProcessingException e) {
      throw new IOException(file + " is no JSON: " + e.getOriginalMessage(), e);
    }
    if (!root.isObject()) {
      throw new IOException(file + " is not a JSON object of polygons by picture");
    }
    Map<String, List<Path2D>> pictures = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> picture : root.properties()) {
      List<Path2D> polygons = new ArrayList<>();
      for (JsonNode polygon : picture.getValue()) {
        polygons.add(polygon(file, picture.getKey(), polygon));
      }
      if (!polygons.isEmpty()) {
        pictures.put(picture.getKey(), List.copyOf(polygons));
      }
    }
    return new MarkedRegions(pictures);
  }

  private static Path2D polygon(Path file, String picture, JsonNode points) throws IOException {
    Path2D polygon = new Path2D.Double();
    boolean wellFormed = points.isArray() && points.size() >= FEWEST_POINTS;
    for (JsonNode point : points) {
      wellFormed &= point.size() == 2 && point.path(0).isNumber() && point.path(1).isNumber();
      if (!wellFormed) {
        break;
      }
      double x = point.get(0).doubleValue();
      double y = point.get(1).doubleValue();
      if (polygon.getCurrentPoint() == null) {
        polygon.moveTo(x, y);
      } else {
        polygon.lineTo(x, y);
      }
    }
    if (!wellFormed) {
      throw new IOException(
          "%s: %s: a polygon is a list of at least %d points [x, y], not %.60s"
              .formatted(file, picture, FEWEST_POINTS, points));
    }
    polygon.closePath();
    return polygon;
  }

  /** How many pictures have some. */
  public int pictures() {
    return pictures.size();
  }

  /**
   * Those of a picture: under its name, else under one that its path ends with, else under the only
   * one that ends with its name.
   *
   * @param name below the folder that was named
   * @param file its path
   */
  public Optional<List<Path2D>> of(String name, Path file) {
    String exact = name.replace('\\', '/');
    if (pictures.containsKey(exact)) {
      return Optional.ofNullable(pictures.get(exact));
    }
    List<String> keys = pictures.keySet().stream().filter(key -> file.endsWith(key)).toList();
    if (keys.isEmpty()) {
      keys = pictures.keySet().stream().filter(key -> key.endsWith("/" + exact)).toList();
    }
    return keys.size() == 1 ? Optional.ofNullable(pictures.get(keys.get(0))) : Optional.empty();
  }
}
