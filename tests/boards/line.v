// Plays the levels of one line to a board, and writes down those of the other.
//
// Plusargs: +levels=FILE  a record of four bytes for each run of a level: the level in the top bit, and how many cycles
//           +answer=FILE  a line for each level that tx takes: the cycle of its begin, and the level; at the end the cycle

`timescale 1ns / 1ps
`default_nettype none

module line_bench (
    input  wire clk  /*verilator public_flat_rw*/,
    input  wire rst  /*verilator public_flat_rw*/,
    output reg  done /*verilator public_flat_rw*/
);
    reg  rx, last;
    wire tx;

    line_board board (.clk(clk), .rst(rst), .rx(rx), .tx(tx));

    reg [8*1024-1:0] name;
    reg [30:0] left;
    reg [31:0] record;
    reg [63:0] cycle;
    integer source, answer, got;

    initial begin
        done = 0;
        rx = 1;
        if (!$value$plusargs("levels=%s", name)) $fatal(1, "+levels=FILE is missing");
        source = $fopen(name, "rb");
        if (!$value$plusargs("answer=%s", name)) $fatal(1, "+answer=FILE is missing");
        answer = $fopen(name, "w");
        if (source == 0 || answer == 0) $fatal(1, "cannot open the files");
    end

    always @(posedge clk)
        if (rst) begin
            cycle <= 0;
            left <= 0;
            last <= 1;
        end else if (!done) begin
            cycle <= cycle + 1;
            last <= tx;
            if (tx !== last) $fwrite(answer, "%0d %b\n", cycle, tx);
            if (left != 0) left <= left - 1;
            else begin
                got = $fread(record, source);
                if (got == 4) begin
                    rx <= record[31];
                    left <= record[30:0] - 1;
                end else begin
                    $fwrite(answer, "%0d end\n", cycle);
                    $fflush(answer);
                    done <= 1;
                end
            end
        end
endmodule

`default_nettype wire
