"""What all feature stores and ABTs of a date cost in DuckDB and on Spark, side by side.

    python3 -m venv spark && spark/bin/pip install pyspark==4.3.0
    spark/bin/python benches/spark.py target/release/olist FOLDER 100000 1000000

The program has to be built with `--features spark`. Loads a synthetic marketplace of so many orders into FOLDER, starts a
Spark Connect server on this machine, and prints seconds and resident memory: of the program, and with Spark of the server.
"""

import os
import shutil
import subprocess
import sys
import time

import pyspark

DATE = "2018-06-01"
RUN = ["run", "--date", DATE, "--select", "features.*", "--select", "abt.*"]
PORT = "15909"
SERVER_MEMORY = os.environ.get("SPARK_MEMORY", "4g")


def peak(pid):
    """Resident memory at its highest, in MB."""
    with open(f"/proc/{pid}/status") as lines:
        return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


def olist(program, folder, *arguments):
    """Seconds and MB of one call."""
    started = time.monotonic()
    child = subprocess.Popen([program, *arguments], cwd=folder, stdout=subprocess.DEVNULL)
    most = 0
    while child.poll() is None:
        try:
            most = max(most, peak(child.pid))
        except (FileNotFoundError, StopIteration):
            pass
        time.sleep(0.02)
    assert child.returncode == 0, arguments
    return time.monotonic() - started, most


def server(folder):
    home = os.path.dirname(pyspark.__file__)
    command = [
        f"{home}/bin/spark-submit",
        "--class", "org.apache.spark.sql.connect.service.SparkConnectServer",
        "--master", "local[*]", "--driver-memory", SERVER_MEMORY,
        "--conf", "spark.ui.enabled=false",
        "--conf", f"spark.connect.grpc.binding.port={PORT}",
        "spark-internal",
    ]
    log = open(f"{folder}/spark.log", "w")
    environment = {**os.environ, "SPARK_HOME": home}
    child = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=environment)
    while "Spark Connect server started" not in open(f"{folder}/spark.log").read():
        assert child.poll() is None, f"see {folder}/spark.log"
        time.sleep(0.5)
    return child


def main(program, folder, *orders):
    program = os.path.abspath(program)
    print("| orders | DuckDB | memory | lake push | Spark, first | again, another database | memory of olist | of the server |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for count in orders:
        place = os.path.join(folder, count)
        shutil.rmtree(place, ignore_errors=True)
        os.makedirs(place)
        olist(program, place, "--quiet", "ingest", "--sample", "--orders", count)
        shutil.copy(f"{place}/olist.duckdb", f"{place}/second.duckdb")
        shutil.copy(f"{place}/olist.duckdb", f"{place}/third.duckdb")
        duckdb, duckdb_memory = olist(program, place, "--quiet", *RUN)
        os.remove(f"{place}/olist.duckdb")
        pushed, _ = olist(program, place, "--quiet", "--database", "second.duckdb", "lake", "push", "--lake", "lake")
        spark = server(place)
        remote = ["--engine", "spark", "--remote", f"sc://127.0.0.1:{PORT}", "--lake", "lake"]
        first, own = olist(program, place, "--quiet", "--database", "second.duckdb", *RUN, *remote)
        again, _ = olist(program, place, "--quiet", "--database", "third.duckdb", *RUN, *remote)
        theirs = peak(spark.pid)
        spark.terminate()
        spark.wait()
        print(
            f"| {int(count):,} | {duckdb:.1f} s | {duckdb_memory} MB | {pushed:.1f} s | {first:.1f} s | {again:.1f} s "
            f"| {own} MB | {theirs} MB |",
            flush=True,
        )
        shutil.rmtree(place)


main(*sys.argv[1:])
